import { shallowRef } from 'vue'

export interface ToastAction { label: string; run: () => void | Promise<void> }
export interface Toast {
  text: string
  kind: 'plain' | 'error'
  action?: ToastAction
  /** 复制详情 */
  details?: string
  n: number
}
export const toastNow = shallowRef<Toast | null>(null)
let count = 0

/** Bottom right, one at a time, 4 s; only for what the screen does not show anyway. */
export function toast(text: string, action?: ToastAction): void {
  toastNow.value = { text, kind: 'plain', n: ++count, ...(action ? { action } : {}) }
}
/** Stays until closed. */
export function toastError(text: string, details?: string, action?: ToastAction): void {
  toastNow.value = { text, kind: 'error', n: ++count, ...(details ? { details } : {}), ...(action ? { action } : {}) }
}
export function closeToast(): void {
  toastNow.value = null
}
