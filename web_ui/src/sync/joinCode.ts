/** A one-time code as people type, read out or paste it: any case, with or without its dash. */
import { halfWidth } from '@/fields/shared/decimal'

export const CODE_LENGTH = 10
const HALF = CODE_LENGTH / 2

function lettersOf(text: string): string {
  return halfWidth(text).toUpperCase().replace(/[^0-9A-Z]/g, '')
}
/** the letters and digits of it, in capitals */
export function bareCode(text: string): string {
  return lettersOf(text).slice(0, CODE_LENGTH)
}
/** letters and digits beyond those of a code */
export function beyondCode(text: string): number {
  return Math.max(0, lettersOf(text).length - CODE_LENGTH)
}
/** K7Q2M-9F4MX */
export function showCode(text: string): string {
  const bare = bareCode(text)
  return bare.length > HALF ? `${bare.slice(0, HALF)}-${bare.slice(HALF)}` : bare
}
/** Where the cursor stands after the text was tidied up: behind as many letters as before. */
export function caretIn(shown: string, lettersBefore: number): number {
  let left = lettersBefore
  for (let at = 0; at < shown.length; at++) {
    if (left === 0) return at
    if (shown[at] !== '-') left--
  }
  return shown.length
}
