import type { FieldInfo, Labels, Value } from '../../api/types'

/** What every editor is given … */
export interface EditorProps {
  modelValue: Value | undefined
  field: FieldInfo
  /** module the field belongs to */
  module?: string
  /** id of the input, for its label */
  id?: string
  /** titles of records referred to */
  labels?: Labels
  /** the record as typed so far (dependent references look at it) */
  values?: Record<string, Value | undefined>
  invalid?: boolean
  disabled?: boolean
  /** id of the hint or error that belongs to it */
  describedby?: string
  /** in 数据过滤: everything may be empty, nothing is created */
  filtering?: boolean
}

/** … and says. `problem` is why the typed text is no value yet; the value keeps what it was. */
export interface EditorEmits {
  (event: 'update:modelValue', value: Value): void
  (event: 'problem', error: string | null): void
  (event: 'label', id: string, title: string): void
}

export const same = (a: Value | undefined, b: Value | undefined): boolean =>
  a === b || ((a ?? null) === null && (b ?? null) === null) || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))
