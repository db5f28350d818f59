import { numberField } from '../shared/number'
import ParsedInput from '../shared/ParsedInput.vue'

// 分: always two digits, whatever the declaration says
export default numberField({ type: 'money', scale: 2, min: 2, fixed: true }, ParsedInput)
