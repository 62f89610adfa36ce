/** The providers that a rules file can name. */
export const PROVIDERS = ['twilio', 'vonage', 'messagebird'] as const
