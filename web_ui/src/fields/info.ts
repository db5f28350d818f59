import type { FieldInfo, FieldType } from '../api/types'

/** A field made by hand: for pickers, filters and tests. */
export function field(type: FieldType, more: Partial<FieldInfo> = {}): FieldInfo {
  return {
    name: type, label: '', initials: '', type, required: false, readonly: false, default: null, help: '', sortable: true, sum: false, unique: false,
    operators: [], width: 100, align: 'left', hidden: false, ...more,
  }
}
