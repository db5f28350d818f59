/** Everything that can be opened, by the name people look for: Ctrl+K finds it by words, pinyin and initials. */
import type { Component } from 'vue'
import type { ModuleInfo } from '@/api/types'
import { allCommands, labelOf, runCommand, whyNot, type Command } from '@/composables/useCommands'
import { distance, initials, labelMatches } from '@/composables/pinyin'
import { t } from '@/locale'
import { useModules } from '@/stores/modules'
import { useSettingNames } from '@/stores/settingNames'
import { useTabs } from '@/stores/tabs'
import { iconOf } from '@/ui/icons'
import { menus, openCommand, partCommands, runs, shortcutCommands } from './menus'
import { meantName, type Names } from './treeFilter'

export interface Findable { key: string; title: string; context: string; icon: Component | undefined; run: () => void; names?: Names }

/** these only lead to where one is */
const NOWHERE = new Set(['app.search', 'app.menu'])

const found = (command: Command, context: string): Findable => ({ key: command.id, title: labelOf(command), context, icon: command.icon, run: () => void runCommand(command) })
/** With all the names that the module goes by. */
const named = (one: Findable, module: ModuleInfo): Findable => (module.names ? { ...one, names: module.names } : one)

/** A list, its parts by their own names, what is looked at over it, and the tree that stands beside it. */
function ofModule(module: ModuleInfo, chapter: string): Findable[] {
  const icon = iconOf(module.icon)
  const tree = module.tree ? useModules().find(module.tree.module) : undefined
  return [
    named(found(openCommand(module), chapter), module),
    ...shortcutCommands(module).map((one) => found(one, chapter)),
    ...partCommands(module).map((one) => found(one, module.label)),
    ...(module.survey ? [{ key: `survey:${module.name}`, title: module.survey.label, context: module.label, icon, run: () => useTabs().openList(module.name, { survey: true }) }] : []),
    ...(tree ? [named({ ...found(openCommand(module), module.label), key: `tree:${module.name}`, title: tree.label }, tree)] : []),
    ...begun(module),
  ]
}

/** A new document of each kind, by the name of the kind: who sells over the counter looks for 零售, not for the list it stands in. */
function begun(module: ModuleInfo): Findable[] {
  const kind = module.document?.kind
  if (!kind || !module.rights.includes('add')) return []
  const whole = new Set(module.document?.sources?.filter((one) => one.whole).flatMap((one) => one.kinds))
  return (module.fields.find((one) => one.name === kind)?.options ?? []).filter((one) => !whole.has(one.value)).map(({ value, label }) => ({
    key: `new:${module.name}:${value}`, title: t('新增{noun}', { noun: label }), context: module.label, icon: iconOf(module.icon),
    names: [{ text: label, pinyin: '', initials: initials(label) }], run: () => useTabs().openList(module.name, { create: { [kind]: value } }),
  }))
}

/** Single settings, which open in their page, and what is kept once for the whole company. */
function ofSettings(): Findable[] {
  const { module, all } = useSettingNames()
  const settings = module ? all.map(({ key, label, group }) => ({ key: `setting:${key}`, title: label, context: `${module.label} · ${group}`, icon: iconOf(module.icon), run: () => useTabs().openList(module.name, { open: key }) })) : []
  return [...settings, ...useModules().menu.flatMap(({ modules }) => modules.filter((one) => one.single && !one.page).flatMap(ofSingle))]
}
function ofSingle(module: ModuleInfo): Findable[] {
  const asked = new Set(module.tabs.flatMap((tab) => tab.sections.flatMap((section) => section.fields)))
  return module.fields.filter((one) => asked.has(one.name) && !one.hidden).map(({ name, label, initials }) => ({
    key: `field:${module.name}:${name}`, title: label, context: module.label, icon: iconOf(module.icon),
    names: [{ text: label, pinyin: '', initials }], run: () => useTabs().openList(module.name, { field: name }),
  }))
}

/** What the window itself does. */
function ofWindow(): Findable[] {
  const bars = menus().map((menu) => ({ label: menu.label, ids: new Set(menu.entries().filter((one) => typeof one === 'string')) }))
  return allCommands().filter((one) => one.id.startsWith('app.') && !NOWHERE.has(one.id) && one.run && whyNot(one) === null).map((one) => found(one, bars.find((bar) => bar.ids.has(one.id))?.label ?? ''))
}

const SHOWN = 8
/** How close it is to what was typed, by its title or another of its names; null: it is something else. */
function closeness(one: Findable, text: string): { by: number; name?: string } | null {
  const own = labelMatches(one.title, text) ? distance(one.title, text) : Infinity
  const name = meantName(one.names, text)
  // of two alike, what bears the name itself comes first
  const by = Math.min(own, name ? distance(name.text, text) + 0.5 : Infinity)
  return by === Infinity ? null : { by, ...(name && own === Infinity && name.text !== one.title ? { name: name.text } : {}) }
}
/** The closest first; what goes by another name says that it was meant by it. */
function closest(all: Findable[], text: string): Findable[] {
  return all.flatMap((one) => { const close = closeness(one, text); return close ? [{ one, close }] : [] })
    .sort((a, b) => a.close.by - b.close.by).slice(0, SHOWN)
    .map(({ one, close }) => (close.name ? { ...one, context: [close.name, one.context].filter(Boolean).join(' · ') } : one))
}

export interface FoundPages { pages: Findable[]; settings: Findable[]; commands: Findable[] }
export const findPages = (text: string): FoundPages => ({
  pages: closest([...useModules().menu.flatMap(({ chapter, modules }) => modules.flatMap((one) => ofModule(one, chapter.label))), ...runs().map((one) => found(one, t('工具')))], text),
  settings: closest(ofSettings(), text),
  commands: closest(ofWindow(), text),
})
