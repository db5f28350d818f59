import type { FieldInfo } from '../../api/types'
import type { Parsed } from '../define'
import { parseText } from '../shared/text'

/** As a scanner sends it: half-width, without spaces. */
export function parseBarcode(text: string, field: FieldInfo): Parsed {
  return parseText(text.normalize('NFKC').replace(/\s/g, ''), field)
}
