import { compareText, defineField } from '../define'
import ParsedInput from '../shared/ParsedInput.vue'
import { editPlain, parseText, showText } from '../shared/text'

export default defineField({
  type: 'text', align: 'left', format: showText, editText: editPlain, parse: parseText, compare: compareText, editor: ParsedInput,
})
