import { t } from '@/locale'
import { compareText, defineField } from '../define'
import { formatRef } from '../ref/words'
import RefEditor from '../ref/RefEditor.vue'
import RefsEditor from './RefsEditor.vue'

export default defineField({
  type: 'refs', align: 'left',
  format: (value, _field, context) => formatRef(value, context),
  editText: () => '',
  parse: (text) => (text.trim() ? { ok: false, error: t('没有找到，按 F3 从全部里选') } : { ok: true, value: null }),
  compare: compareText, editor: RefsEditor, filterEditor: RefEditor,
})
