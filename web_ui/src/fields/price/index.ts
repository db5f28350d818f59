import { numberField } from '../shared/number'
import ParsedInput from '../shared/ParsedInput.vue'

export default numberField({ type: 'price', scale: 4, min: 2 }, ParsedInput)
