/** 大写: an amount as it is written on bills, from 分. */
const DIGITS = '零壹贰叁肆伍陆柒捌玖'
const PLACES = ['', '拾', '佰', '仟']
const GROUPS = ['', '万', '亿', '万亿']

function group(four: string): string {
  let words = ''
  let gap = false
  for (let i = 0; i < 4; i++) {
    const digit = Number(four[i])
    if (!digit) { gap = true; continue }
    words += (gap && words ? '零' : '') + (DIGITS[digit] ?? '') + (PLACES[3 - i] ?? '')
    gap = false
  }
  return words
}

function whole(yuan: string): string {
  const padded = yuan.padStart(Math.ceil(yuan.length / 4) * 4, '0')
  const groups = padded.match(/\d{4}/g) ?? []
  let words = ''
  groups.forEach((four, i) => {
    const said = group(four)
    if (!said) return
    // a gap before this group, or at its beginning
    const gap = words && (four.startsWith('0') || Number(groups[i - 1]) === 0)
    words += (gap ? '零' : '') + said + (GROUPS[groups.length - 1 - i] ?? '')
  })
  return words
}

/** `33,857.40` → 叁万叁仟捌佰伍拾柒元肆角整 */
export function capitalAmount(fen: number): string {
  if (!Number.isSafeInteger(fen)) return ''
  const digits = Math.abs(fen).toString().padStart(3, '0')
  const yuan = whole(digits.slice(0, -2).replace(/^0+(?=\d)/, '')), jiao = Number(digits.at(-2)), cent = Number(digits.at(-1))
  if (!fen) return '零元整'
  const sign = fen < 0 ? '负' : ''
  const small = (jiao ? `${DIGITS[jiao]}角` : yuan && cent ? '零' : '') + (cent ? `${DIGITS[cent]}分` : '')
  return sign + (yuan ? `${yuan}元` : '') + (small ? small + (cent ? '' : '整') : '整')
}
