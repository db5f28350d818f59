import { compareText, defineField } from '../define'
import ParsedInput from '../shared/ParsedInput.vue'
import { editPlain, showText } from '../shared/text'
import { parseEmail } from './parse'

export default defineField({
  type: 'email', align: 'left', format: showText, editText: editPlain, parse: parseEmail, compare: compareText, editor: ParsedInput,
})
