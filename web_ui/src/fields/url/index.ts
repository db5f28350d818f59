import { compareText, defineField } from '../define'
import ParsedInput from '../shared/ParsedInput.vue'
import { editPlain, showText } from '../shared/text'
import { parseUrl } from './parse'

export default defineField({
  type: 'url', align: 'left', format: showText, editText: editPlain, parse: parseUrl, compare: compareText, editor: ParsedInput,
})
