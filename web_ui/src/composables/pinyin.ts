/** Initials of short labels (menu entries) without a table: Chinese collation sorts by pinyin, so each letter begins at a known character. */
const STARTS = '阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥扨它穵夕丫帀'
const LETTERS = 'abcdefghjklmnopqrstwxyz'
const collator = new Intl.Collator('zh-Hans-CN-u-co-pinyin')
const works = collator.compare('阿', '八') < 0 && collator.compare('八', '嚓') < 0 && collator.compare('帀', '丫') > 0
/** read otherwise in our menus than the collation thinks */
const READ: Record<string, string> = { 长: 'c', 重: 'c', 行: 'h', 调: 'd', 单: 'd', 价: 'j' }

export function initials(text: string): string {
  let result = ''
  for (const char of text) {
    if (/[a-z0-9]/i.test(char)) result += char.toLowerCase()
    else if (READ[char]) result += READ[char]
    else if (works && /\p{Script=Han}/u.test(char)) {
      let letter = ''
      for (let i = 0; i < STARTS.length; i++) {
        if (collator.compare(STARTS[i] ?? '', char) <= 0) letter = LETTERS[i] ?? ''
        else break
      }
      result += letter
    }
  }
  return result
}

/** How close a label is to what was typed: 0 the very name, 1 begins with it, 2 has it inside, 3 its initials. */
export function distance(label: string, typed: string): number {
  const want = typed.trim().toLowerCase()
  const at = label.toLowerCase().indexOf(want)
  return label.toLowerCase() === want ? 0 : at === 0 ? 1 : at > 0 ? 2 : 3
}

export function labelMatches(label: string, typed: string): boolean {
  const want = typed.trim().toLowerCase()
  return !want || label.toLowerCase().includes(want) || initials(label).includes(want)
}
