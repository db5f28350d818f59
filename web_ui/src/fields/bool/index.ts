import { defineField } from '../define'
import BoolEditor from './BoolEditor.vue'
import BoolFilter from './BoolFilter.vue'
import { formatBool, parseBool } from './words'

export default defineField({
  type: 'bool', align: 'center', format: formatBool, editText: formatBool, parse: parseBool,
  compare: (a, b) => Number(a === true) - Number(b === true),
  tone: (value) => (value === true ? null : 'quiet'),
  editor: BoolEditor, filterEditor: BoolFilter,
})
