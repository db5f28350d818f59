import { t } from '@/locale'
import { compareText, defineField } from '../define'
import RefEditor from './RefEditor.vue'
import { formatRef } from './words'

export default defineField({
  type: 'ref', align: 'left',
  format: (value, _field, context) => formatRef(value, context),
  editText: () => '',
  // chosen from the drop-down; typed text alone never becomes a reference
  parse: (text) => (text.trim() ? { ok: false, error: t('没有找到，按 F3 从全部里选') } : { ok: true, value: null }),
  compare: compareText, editor: RefEditor,
})
