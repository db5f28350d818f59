/** The window's own dialogs; one at a time. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export type DialogName = 'password' | 'about' | 'shortcuts' | 'preferences' | 'check'

export const useDialogs = defineStore('dialogs', () => {
  const open = ref<DialogName | null>(null)
  function show(name: DialogName): void { open.value = name }
  function close(): void { open.value = null }
  return { open, show, close }
})
