import { compareText, defineField, isEmpty } from '../define'
import PasswordEditor from './PasswordEditor.vue'

export default defineField({
  type: 'password', align: 'left',
  format: (value) => (isEmpty(value) ? '' : '••••••'),
  editText: () => '',
  // never trimmed: spaces belong to a password
  parse: (text) => ({ ok: true, value: text || null }),
  compare: compareText, editor: PasswordEditor,
})
