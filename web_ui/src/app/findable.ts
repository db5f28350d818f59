/** Everything that can be opened, by the name people look for: Ctrl+K finds it by words and by initials. */
import type { Component } from 'vue'
import type { ModuleInfo } from '@/api/types'
import { allCommands, labelOf, runCommand, whyNot, type Command } from '@/composables/useCommands'
import { distance, labelMatches } from '@/composables/pinyin'
import { t } from '@/locale'
import { useModules } from '@/stores/modules'
import { useSettingNames } from '@/stores/settingNames'
import { useTabs } from '@/stores/tabs'
import { iconOf } from '@/ui/icons'
import { menus, openCommand, openCommands, partCommands, runs } from './menus'

export interface Findable { key: string; title: string; context: string; icon: Component | undefined; run: () => void }

/** these only lead to where one is */
const NOWHERE = new Set(['app.search', 'app.menu'])

const found = (command: Command, context: string): Findable => ({ key: command.id, title: labelOf(command), context, icon: command.icon, run: () => void runCommand(command) })

/** A list, its parts by their own names, what is looked at over it, and the tree that stands beside it. */
function ofModule(module: ModuleInfo, chapter: string): Findable[] {
  const icon = iconOf(module.icon)
  const tree = module.tree ? useModules().find(module.tree.module) : undefined
  return [
    ...openCommands(module).map((one) => found(one, chapter)),
    ...partCommands(module).map((one) => found(one, module.label)),
    ...(module.survey ? [{ key: `survey:${module.name}`, title: module.survey.label, context: module.label, icon, run: () => useTabs().openList(module.name, { survey: true }) }] : []),
    ...(tree ? [{ ...found(openCommand(module), module.label), key: `tree:${module.name}`, title: tree.label }] : []),
  ]
}

/** Single settings, which open in their page. */
function ofSettings(): Findable[] {
  const { module, all } = useSettingNames()
  return module ? all.map(({ key, label, group }) => ({ key: `setting:${key}`, title: label, context: `${module.label} · ${group}`, icon: iconOf(module.icon), run: () => useTabs().openList(module.name, { open: key }) })) : []
}

export function findables(): Findable[] {
  const bars = menus().map((menu) => ({ label: menu.label, ids: new Set(menu.entries().filter((one) => typeof one === 'string')) }))
  const ofWindow = allCommands().filter((one) => one.id.startsWith('app.') && !NOWHERE.has(one.id) && one.run && whyNot(one) === null)
  return [
    ...useModules().menu.flatMap(({ chapter, modules }) => modules.flatMap((one) => ofModule(one, chapter.label))),
    ...runs().map((one) => found(one, t('工具'))),
    ...ofSettings(),
    ...ofWindow.map((one) => found(one, bars.find((bar) => bar.ids.has(one.id))?.label ?? '')),
  ]
}

const SHOWN = 8
export const findPages = (text: string): Findable[] =>
  findables().filter((one) => labelMatches(one.title, text)).sort((a, b) => distance(a.title, text) - distance(b.title, text)).slice(0, SHOWN)
