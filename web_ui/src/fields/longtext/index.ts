import { compareText, defineField } from '../define'
import ParsedInput from '../shared/ParsedInput.vue'
import { editPlain, parseText, showText } from '../shared/text'
import LongTextEditor from './LongTextEditor.vue'

export default defineField({
  type: 'longtext', align: 'left', format: showText, editText: editPlain,
  parse: (text, field) => parseText(text, { ...field, max_length: field.max_length ?? 20_000 }),
  compare: compareText, editor: LongTextEditor, filterEditor: ParsedInput, wide: true,
})
