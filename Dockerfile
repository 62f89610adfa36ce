# syntax=docker/dockerfile:1

# Production dependencies only, on the platform that builds: none of them is made for one platform. No install script
# runs, and the Node that the project brings along for development (an optional dependency) is left out.
FROM --platform=$BUILDPLATFORM node:26-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

# What is in it, and its licences: docker build --target outputs --output build .
FROM dependencies AS lists
ARG SOURCE_DATE_EPOCH
COPY supply ./supply
RUN node supply/write.ts sbom /outputs && node supply/write.ts licences /outputs

FROM scratch AS outputs
COPY --from=lists /outputs /

# Node, its libraries, certificates, and nothing else: no shell, no package manager. 65532 is nobody.
FROM gcr.io/distroless/nodejs26-debian13:nonroot
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="switchboard" \
      org.opencontainers.image.description="The gateway behind Okta's telephony inline hook" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# PATH: commands are run as "node bin/switchboard.js status". Nothing is written at run time, so that the root file
# system may be read-only.
ENV PATH=/nodejs/bin \
    NODE_ENV=production \
    NODE_DISABLE_COMPILE_CACHE=1 \
    HOST=0.0.0.0 \
    PORT=3000 \
    SANDBOX=off
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY src ./src
COPY config ./config
COPY --from=lists /outputs ./
# A number: Kubernetes cannot tell of a name that it is not root.
USER 65532:65532
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "const { PORT, TLS_CERT, TLS_CERT_FILE } = process.env; require(TLS_CERT || TLS_CERT_FILE ? 'https' : 'http').get({ host: '127.0.0.1', port: PORT, path: '/health/ready', rejectUnauthorized: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# Signals reach the process. Another word in the place of "start" is a command: docker run --rm switchboard check
ENTRYPOINT ["node", "bin/switchboard.js"]
CMD ["start"]
