import { compareText, defineField } from '../define'
import EnumEditor from './EnumEditor.vue'
import { formatEnum, parseEnum, toneOfEnum } from './words'

export default defineField({
  type: 'enum', align: 'left', format: formatEnum, editText: formatEnum, parse: parseEnum,
  compare: compareText, tone: toneOfEnum, editor: EnumEditor,
})
