import { compareText, defineField } from '../define'
import ParsedInput from '../shared/ParsedInput.vue'
import BirthdayEditor from './BirthdayEditor.vue'
import { birthdayText, parseBirthday, sortKey } from './lunar'

export default defineField({
  type: 'birthday', align: 'left', format: birthdayText, editText: birthdayText, parse: parseBirthday,
  compare: (a, b) => compareText(sortKey(a), sortKey(b)), editor: BirthdayEditor, filterEditor: ParsedInput,
})
