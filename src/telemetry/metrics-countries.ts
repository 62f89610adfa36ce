const AMERICAS = 'US CA MX BR AR CL CO'
const EUROPE = 'GB IE FR DE AT CH NL BE ES PT IT PL CZ RO SE NO DK FI'
const MIDDLE_EAST_AND_AFRICA = 'TR IL AE SA ZA NG EG'
const ASIA_AND_PACIFIC = 'IN PH ID MY SG JP KR AU'

/**
 * The countries that metrics name where METRICS_COUNTRIES does not say others. All others are counted together, as a
 * label with 250 values makes 250 time series of each counter.
 */
export const METRICS_COUNTRIES: readonly string[] = [
  AMERICAS,
  EUROPE,
  MIDDLE_EAST_AND_AFRICA,
  ASIA_AND_PACIFIC
].flatMap((codes) => codes.split(' '))
