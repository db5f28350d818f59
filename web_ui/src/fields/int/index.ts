import { numberField } from '../shared/number'
import ParsedInput from '../shared/ParsedInput.vue'

export default numberField({ type: 'int', scale: 0, min: 0 }, ParsedInput)
