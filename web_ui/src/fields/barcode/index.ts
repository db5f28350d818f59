import { compareText, defineField } from '../define'
import { editPlain, showText } from '../shared/text'
import BarcodeEditor from './BarcodeEditor.vue'
import { parseBarcode } from './parse'

export default defineField({
  type: 'barcode', align: 'left', format: showText, editText: editPlain, parse: parseBarcode, compare: compareText, editor: BarcodeEditor,
})
