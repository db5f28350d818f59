import { ref, watch, type Ref } from 'vue'
import { fieldType } from '../index'
import type { FieldDefinition } from '../define'
import { same, type EditorEmits, type EditorProps } from './editor'

export interface Typed {
  text: Ref<string>
  /** what stands in the box is no value: the value is what it was before */
  wrong: Readonly<Ref<boolean>>
  typed(to: string): void
  settle(): void
}

/** Text in the box ↔ raw value: parsed at every key, tidied up when the cursor leaves. */
export function useTyped(props: EditorProps, emit: EditorEmits): Typed {
  const type = (): FieldDefinition => fieldType(props.field.type)
  const text = ref(type().editText(props.modelValue, props.field))
  let last = props.modelValue
  const wrong = ref(false)

  watch(() => props.modelValue, (value) => {
    if (same(value, last)) return
    last = value
    wrong.value = false
    text.value = type().editText(value, props.field)
  })

  function typed(to: string): void {
    text.value = to
    const parsed = type().parse(to, props.field)
    wrong.value = !parsed.ok
    emit('problem', parsed.ok ? null : parsed.error)
    if (parsed.ok && !same(parsed.value, last)) {
      last = parsed.value
      emit('update:modelValue', parsed.value)
    }
  }
  function settle(): void {
    if (!wrong.value) text.value = type().editText(last, props.field)
  }
  return { text, wrong, typed, settle }
}
