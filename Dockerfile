# syntax=docker/dockerfile:1

# Production dependencies only. No install script runs, and the Node of the base image is used, so that
# the one the project brings along for development (an optional dependency) is left out.
FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM node:26-slim
LABEL org.opencontainers.image.title="switchboard" \
      org.opencontainers.image.description="The gateway behind Okta's telephony inline hook" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    SANDBOX=off
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY src ./src
COPY config ./config
# Nothing is written at run time: the root file system may be read-only.
ENV NODE_DISABLE_COMPILE_CACHE=1
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "const { TLS_CERT, TLS_CERT_FILE, PORT } = process.env; require(TLS_CERT || TLS_CERT_FILE ? 'https' : 'http').get({ host: '127.0.0.1', port: PORT, path: '/health/ready', rejectUnauthorized: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# No shell and no npm in between: signals reach the process.
CMD ["node", "bin/switchboard.js"]
