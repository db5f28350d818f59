/** The window's own dialogs; one at a time. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export type DialogName = 'password' | 'about' | 'shortcuts' | 'preferences' | 'check'

export const useDialogs = defineStore('dialogs', () => {
  const open = ref<DialogName | null>(null)
  function show(name: DialogName): void { open.value = name }
  function close(): void { open.value = null }
  /** a page of the manual over the dialog that is open */
  const help = ref<string | null>(null)
  return { open, show, close, help }
})
