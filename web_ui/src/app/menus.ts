/** What stands in the menu bar: ids of commands, looked up when the menu opens. An id nobody has registered is not shown. */
import { t } from '@/locale'
import { useModules } from '@/stores/modules'
import { useTabs, type ListRequest } from '@/stores/tabs'
import { iconOf } from '@/ui/icons'
import type { Command } from '@/composables/useCommands'
import type { Chapter, ModuleInfo, Shortcut } from '@/api/types'
import { kindsOf, partsOf, rowsOf } from '@/engine/model/filter'
import type { MenuEntry } from '@/ui/menu'

export interface Menu {
  id: string
  label: string
  /** Alt + this letter opens it */
  key: string
  entries: () => MenuEntry[]
}

/** The chapter that joins the window's own menu 系统. */
const SYSTEM = 'system'

function enterList(module: ModuleInfo, request: Omit<ListRequest, 'n'>): void {
  const tabs = useTabs()
  if (partsOf(module).length) tabs.openList(module.name, request)
  tabs.enter(`/m/${module.name}`)
}
/** Opens a module as a whole: whoever came there by a shortcut before does not go on with its rows unknowingly. */
export function openCommand(module: ModuleInfo): Command {
  return { id: `open:${module.name}`, label: module.label, icon: iconOf(module.icon), run: () => enterList(module, { whole: true }) }
}

/** Opens the list of a module with only the rows that a shortcut is about. */
const ways = (module: ModuleInfo, parts: Shortcut[]): Command[] => parts.map((part) => ({
  id: `open:${module.name}:${part.name}`, label: part.label, icon: iconOf(module.icon),
  run: () => enterList(module, { view: { filter: rowsOf(part) } }),
}))
export const shortcutCommands = (module: ModuleInfo): Command[] => ways(module, module.shortcuts)
/** The small lists that are kept together in one (客户级别 in 基本资料): too many for a menu, but found by name. */
export const partCommands = (module: ModuleInfo): Command[] => ways(module, kindsOf(module))
export const openCommands = (module: ModuleInfo): Command[] => [openCommand(module), ...shortcutCommands(module)]

/** A chapter's modules under its headings; without those, in a row. */
export function chapterEntries(chapter: Chapter, modules: ModuleInfo[]): MenuEntry[] {
  const commands = modules.flatMap(openCommands)
  if (!chapter.sections?.length) return commands
  const byId = new Map(commands.map((one) => [one.id, one]))
  return chapter.sections.flatMap((section): MenuEntry[] => {
    const inside = section.modules.map((name) => byId.get(`open:${name}`)).filter((one): one is Command => !!one)
    return inside.length ? [{ heading: section.label }, ...inside] : []
  })
}

/** Documents that fill themselves with all there is stand among the tools: they are made from time to time. */
export function runs(): Command[] {
  return [...useModules().byName.values()].flatMap((module) => (module.document?.sources ?? []).filter((one) => one.whole && module.rights.includes('post')).map((one) => {
    const kind = module.document?.kind ?? '', label = module.fields.find((f) => f.name === kind)?.options?.find((o) => o.value === one.kinds[0])?.label ?? one.label
    return { id: `run:${module.name}:${one.name}`, label: `${label}…`, icon: iconOf(module.icon), run: () => useTabs().openList(module.name, { create: { [kind]: one.kinds[0] ?? '' } }) }
  }))
}

export function menus(): Menu[] {
  const chapters = useModules().menu
  const system = chapters.find((entry) => entry.chapter.name === SYSTEM)
  return [
    { id: 'file', label: t('文件'), key: 'F', entries: () => ['tab.new', 'tab.close', '-', 'list.import', 'list.export', 'list.print', 'record.paper', '-', 'app.sync', 'app.backup', '-', 'app.lock', 'app.switch', 'app.quit'] },
    {
      id: 'edit', label: t('编辑'), key: 'E',
      entries: () => [
        'record.add', 'record.edit', 'record.delete', '-', 'record.save', 'record.save-new', 'record.save-close', '-', 'edit.copy', 'record.copy', 'edit.select-all', '-',
        'list.quick', 'list.filter', 'list.clear-filter', 'app.search', '-', 'list.show', 'group.change', '-', 'list.refresh', 'list.columns', 'app.bin',
      ],
    },
    { id: 'tools', label: t('工具'), key: 'T', entries: () => ['app.password', '-', 'app.duplicates', 'app.bin', '-', ...runs(), 'app.flaws', 'app.check'] },
    ...chapters.filter((entry) => entry !== system).map(({ chapter, modules }, i) => ({ id: chapter.name, label: chapter.label, key: String(i + 1), entries: (): MenuEntry[] => chapterEntries(chapter, modules) })),
    { id: SYSTEM, label: t('系统'), key: 'S', entries: () => [...(system?.modules.map(openCommand) ?? []), '-', 'app.preferences', 'zoom.in', 'zoom.out', 'zoom.reset'] },
    { id: 'help', label: t('帮助'), key: 'H', entries: () => ['app.help', 'app.shortcuts', '-', 'app.about'] },
  ]
}
