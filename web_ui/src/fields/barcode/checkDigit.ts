/** The last digit of EAN-8, UPC-A, EAN-13 and ITF-14 follows from the others; scanners check it, people mistype it. */
const LENGTHS = new Set([8, 12, 13, 14])

/** What the last digit should be, or null where there is nothing to check or it is right. */
export function wrongDigit(code: string): string | null {
  if (!/^\d+$/.test(code) || !LENGTHS.has(code.length)) return null
  const digits = [...code].map(Number)
  const last = digits.pop() ?? 0
  const sum = digits.reverse().reduce((n, digit, place) => n + digit * (place % 2 ? 1 : 3), 0)
  const due = (10 - (sum % 10)) % 10
  return due === last ? null : String(due)
}
