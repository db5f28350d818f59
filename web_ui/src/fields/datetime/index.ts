import { compareText, defineField } from '../define'
import ParsedInput from '../shared/ParsedInput.vue'
import { formatInstant, parseInstant } from './instant'

export default defineField({
  type: 'datetime', align: 'left',
  format: (value, _field, context) => formatInstant(value, context.timezone),
  editText: (value) => formatInstant(value),
  parse: (text, _field, now) => parseInstant(text, now),
  compare: compareText, editor: ParsedInput,
})
