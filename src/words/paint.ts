import { styleText } from 'node:util'

type Style = (text: string) => string

/** The few styles that commands use; all plain where there are no colours. */
export function paint(colour: boolean): {
  readonly bold: Style
  readonly dim: Style
  readonly warn: Style
  readonly alarm: Style
} {
  const style =
    (format: 'bold' | 'dim' | 'yellow' | 'red'): Style =>
    (text) =>
      colour ? styleText(format, text, { validateStream: false }) : text
  return { bold: style('bold'), dim: style('dim'), warn: style('yellow'), alarm: style('red') }
}
