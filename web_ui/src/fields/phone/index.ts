import { compareText, defineField } from '../define'
import ParsedInput from '../shared/ParsedInput.vue'
import { editPlain, showText } from '../shared/text'
import { parsePhone } from './parse'

export default defineField({
  type: 'phone', align: 'left', format: showText, editText: editPlain, parse: parsePhone, compare: compareText, editor: ParsedInput,
})
