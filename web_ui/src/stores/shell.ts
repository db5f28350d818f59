/** How the frame stands for this operator: folded rail, open chapters, favourites. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { loadState, saveState } from '@/api/client'
import { useAppearance } from './appearance'
import { useTabs } from './tabs'

/** below this width (in the program's own pixels) the tree is folded whatever was chosen */
const NARROW_PX = 1100
/** the sync centre, the print preview and the import have columns of their own (design system §4) */
const NARROW_SYNC_PX = 1400

export const useShell = defineStore('shell', () => {
  const folded = ref(false)
  const open = ref<string[]>([])
  const favourites = ref<string[]>([])
  const appearance = useAppearance()
  const tabs = useTabs()
  const narrow = computed(() => appearance.width < (['sync', 'print', 'import'].includes(tabs.active.kind) ? NARROW_SYNC_PX : NARROW_PX))
  const rail = computed(() => folded.value || narrow.value)
  const treeWidth = computed(() => (rail.value ? 44 : appearance.width >= 1600 ? 208 : 184))

  function save(): void {
    void saveState('shell', { folded: folded.value, open: open.value, favourites: favourites.value }).catch(() => undefined)
  }
  async function load(firstChapter: string | undefined): Promise<void> {
    const kept = await loadState<{ folded: boolean; open: string[]; favourites: string[] } | null>('shell', null).catch(() => null)
    folded.value = kept?.folded ?? false
    open.value = kept?.open ?? (firstChapter ? [firstChapter] : [])
    favourites.value = kept?.favourites ?? []
  }
  function fold(to: boolean): void { folded.value = to; save() }
  function toggle(chapter: string, to = !open.value.includes(chapter)): void {
    open.value = to ? [...new Set([...open.value, chapter])] : open.value.filter((name) => name !== chapter)
    save()
  }
  function favour(module: string, to: boolean): void {
    favourites.value = to ? [...favourites.value.filter((m) => m !== module), module] : favourites.value.filter((m) => m !== module)
    save()
  }
  return { folded, narrow, rail, treeWidth, open, favourites, load, fold, toggle, favour }
})
