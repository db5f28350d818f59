import { compareText, defineField, isEmpty } from '../define'
import { parseDate } from '../shared/parseDate'
import { editPlain } from '../shared/text'
import DateEditor from './DateEditor.vue'

export default defineField({
  type: 'date', align: 'left',
  format: (value) => (isEmpty(value) ? '' : String(value)),
  editText: editPlain,
  parse: (text, _field, now) => (text.trim() ? parseDate(text, now) : { ok: true, value: null }),
  compare: compareText, editor: DateEditor,
})
