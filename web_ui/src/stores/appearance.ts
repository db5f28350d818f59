/** Light, dark or as the system; 100–200 %; kept per operator. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { loadState, saveState } from '@/api/client'

export type Theme = 'light' | 'dark' | 'auto'
export const SCALES = [100, 110, 125, 150, 175, 200] as const

export const useAppearance = defineStore('appearance', () => {
  const theme = ref<Theme>('auto')
  const scale = ref(100)
  const system = matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(system.matches)
  system.addEventListener('change', (event) => (systemDark.value = event.matches))
  const dark = computed(() => theme.value === 'dark' || (theme.value === 'auto' && systemDark.value))

  /** the window's size in the program's own pixels (html{zoom} does not move media queries) */
  const width = ref(0)
  const height = ref(0)
  function measure(): void {
    width.value = Math.round(innerWidth / (scale.value / 100))
    height.value = Math.round(innerHeight / (scale.value / 100))
  }
  addEventListener('resize', measure)
  measure()

  watch([dark, scale], () => {
    const root = document.documentElement
    root.classList.toggle('dark', dark.value)
    const factor = scale.value / 100
    root.style.setProperty('zoom', factor === 1 ? null : String(factor))
    root.style.setProperty('--zoom', String(factor))
    measure()
  }, { immediate: true, flush: 'sync' })

  let loaded = false
  async function load(): Promise<void> {
    const kept = await loadState<{ theme: Theme; scale: number } | null>('appearance', null).catch(() => null)
    if (kept) {
      theme.value = kept.theme
      scale.value = Math.min(200, Math.max(100, kept.scale))
    }
    loaded = true
  }
  function save(): void {
    if (loaded) void saveState('appearance', { theme: theme.value, scale: scale.value }).catch(() => undefined)
  }
  function setTheme(to: Theme): void { theme.value = to; save() }
  function setScale(to: number): void { scale.value = Math.min(200, Math.max(100, to)); save() }
  function stepScale(by: 1 | -1): void {
    const next = by > 0 ? SCALES.find((s) => s > scale.value) : [...SCALES].reverse().find((s) => s < scale.value)
    if (next) setScale(next)
  }
  return { theme, scale, dark, width, height, load, setTheme, setScale, stepScale }
})

/** html{zoom} as a factor: pointer positions and rectangles are in window pixels, CSS lengths in ours. */
export function zoomFactor(): number {
  return Number(document.documentElement.style.getPropertyValue('--zoom')) || 1
}
