import { numberField } from '../shared/number'
import ParsedInput from '../shared/ParsedInput.vue'

export default numberField({ type: 'rate', scale: 4, min: 0, suffix: '%' }, ParsedInput)
