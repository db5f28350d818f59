import { compareText, defineField } from '../define'
import { editPlain, parseText, showText } from '../shared/text'
import ParsedInput from '../shared/ParsedInput.vue'
import SerialEditor from './SerialEditor.vue'

// drawn at the first save, never at opening the form
export default defineField({
  type: 'serial', align: 'left', format: showText, editText: editPlain, parse: parseText, compare: compareText,
  editor: SerialEditor, filterEditor: ParsedInput,
})
