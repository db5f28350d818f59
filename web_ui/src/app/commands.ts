/** The window's own commands. What concerns a list or a record is registered by the engine. */
import { Cloud, Database, BookOpen, CircleHelp, FileWarning, Keyboard, KeyRound, Lock, LogOut, Merge, Plus, Power, Search, ShieldCheck, SunMoon, Trash2, X, ZoomIn, ZoomOut } from '@lucide/vue'
import { api } from '@/api/client'
import type { Job } from '@/api/types'
import type { Command } from '@/composables/useCommands'
import { t } from '@/locale'
import { SCALES, useAppearance } from '@/stores/appearance'
import { useDialogs } from '@/stores/dialogs'
import { useForms } from '@/stores/forms'
import { saveJobFile, useJobs } from '@/stores/jobs'
import { useModules } from '@/stores/modules'
import { useSession } from '@/stores/session'
import { useTabs } from '@/stores/tabs'
import { openMenu } from '@/ui/menu'
import { showProblem } from '@/ui/problem'
import { toast } from '@/ui/toast'
import { menus, openCommands } from './menus'
import { quit } from './quit'

async function backUp(): Promise<void> {
  try {
    const answer = await api.post<Job | { cancelled: true }>('/api/backup')
    if ('cancelled' in answer) return
    const job = await useJobs().follow(answer)
    if (job.state === 'done') {
      if (job.path) toast(t('已备份到 {path}', { path: job.path }))
      else if (job.download) await saveJobFile(job)
    }
  } catch (error) {
    showProblem(error)
  }
}

async function switchUser(): Promise<void> {
  if (await useForms().settle()) await useSession().leave().catch(showProblem)
}

/** F1: the page of what is on screen, if there is one */
function openHelp(): void {
  const tabs = useTabs()
  const module = tabs.active.kind === 'list' ? useModules().find(tabs.active.name) : undefined
  tabs.show(`/help/${{ sync: 'sync', print: 'print', import: 'import', bin: 'bin', duplicates: 'merge', flaws: 'flaws' }[tabs.active.kind as string] ?? module?.help ?? ''}`)
}

/** 合并重复 of what one comes from, else as it was left */
export function doublesOf(): string {
  const tabs = useTabs(), from = tabs.active.kind === 'list' ? useModules().find(tabs.active.name) : undefined
  return from?.mergeable ? `/duplicates/${from.name}` : (tabs.tabs.find((one) => one.kind === 'duplicates')?.path ?? '/duplicates')
}

export function openNewTabMenu(anchor: HTMLElement): void {
  const modules = useModules()
  void openMenu(anchor, ['app.sync', '-', ...modules.menu.flatMap(({ chapter, modules: list }) => [{ heading: chapter.label }, ...list.flatMap(openCommands)])], { label: t('打开') })
}

export function appCommands(actions: { search: () => void; menuBar: () => void }): Command[] {
  const tabs = useTabs()
  const modules = useModules()
  const appearance = useAppearance()
  const dialogs = useDialogs()
  const session = useSession()
  const maySettings = (): boolean => session.operator?.is_admin || session.operator?.special.includes('settings') || false
  // a plain browser keeps these keys for its own tabs
  const own = (inWindow: string[], inBrowser: string[]): string[] => (session.session?.mode === 'browser' ? inBrowser : [...inWindow, ...inBrowser])
  const canClose = (): boolean => tabs.active.kind !== 'start'
  return [
    { id: 'app.search', early: true, label: t('全局查找'), icon: Search, shortcut: 'Ctrl+K', run: actions.search },
    { id: 'app.menu', early: true, label: t('菜单栏'), shortcut: 'F10', run: actions.menuBar },
    { id: 'app.sync', label: t('同步中心'), icon: Cloud, shortcut: 'F9', run: () => tabs.enter('/sync') },
    { id: 'app.backup', label: t('数据备份…'), icon: Database, enabled: () => maySettings() || t('没有备份的权限，可请管理员来做'), run: backUp },
    { id: 'app.lock', label: t('锁定'), icon: Lock, shortcut: 'Ctrl+L', run: () => useSession().lock() },
    { id: 'app.switch', label: t('切换用户'), icon: LogOut, run: switchUser },
    { id: 'app.quit', label: t('退出'), icon: Power, run: quit },
    { id: 'app.password', label: t('修改密码…'), icon: KeyRound, run: () => dialogs.show('password') },
    { id: 'app.check', label: t('数据检查…'), icon: ShieldCheck, enabled: () => maySettings() || t('没有数据检查的权限，可请管理员来做'), run: () => dialogs.show('check') },
    { id: 'app.duplicates', label: t('合并重复'), icon: Merge, enabled: () => [...modules.byName.values()].some((one) => one.mergeable) || t('没有合并重复的权限，可请管理员开通'), run: () => tabs.enter(doublesOf()) },
    { id: 'app.flaws', label: t('账目疑点'), icon: FileWarning, enabled: () => [...modules.byName.values()].some((one) => one.flaws.length > 0) || t('没有查看库存、往来和单据的权限'), run: () => tabs.enter('/flaws') },
    { id: 'app.bin', label: t('回收站'), icon: Trash2, enabled: () => [...modules.byName.values()].some((one) => one.rights.includes('delete')) || t('没有删除的权限，回收站里也没有可恢复的'), run: () => tabs.enter('/bin') },
    { id: 'app.preferences', label: t('外观与缩放…'), icon: SunMoon, run: () => dialogs.show('preferences') },
    { id: 'zoom.in', label: t('放大'), icon: ZoomIn, shortcut: ['Ctrl+=', 'Ctrl++'], enabled: () => appearance.scale < SCALES[SCALES.length - 1]! || t('已经最大'), run: () => appearance.stepScale(1) },
    { id: 'zoom.out', label: t('缩小'), icon: ZoomOut, shortcut: 'Ctrl+-', enabled: () => appearance.scale > 100 || t('已经最小'), run: () => appearance.stepScale(-1) },
    { id: 'zoom.reset', label: t('原始大小'), shortcut: 'Ctrl+0', enabled: () => appearance.scale !== 100 || t('已经是 100%'), run: () => appearance.setScale(100) },
    { id: 'app.help', label: t('使用手册'), icon: BookOpen, shortcut: 'F1', run: openHelp },
    { id: 'app.shortcuts', label: t('快捷键'), icon: Keyboard, shortcut: 'Shift+F1', run: () => dialogs.show('shortcuts') },
    { id: 'app.about', label: t('关于'), icon: CircleHelp, run: () => dialogs.show('about') },
    { id: 'tab.new', label: t('打开…'), icon: Plus, shortcut: own(['Ctrl+T'], ['Alt+O']), run: () => { const plus = document.getElementById('tab-new'); if (plus) openNewTabMenu(plus) } },
    { id: 'tab.close', early: true, label: t('关闭标签'), icon: X, shortcut: own(['Ctrl+W', 'Ctrl+F4'], ['Alt+W']), enabled: () => canClose() || t('工作台一直开着'), run: async () => { await tabs.close(tabs.activeId) } },
    { id: 'tab.next', early: true, label: t('下一个标签'), shortcut: own(['Ctrl+Tab'], ['Alt+PgDn']), run: () => tabs.step(1) },
    { id: 'tab.previous', early: true, label: t('上一个标签'), shortcut: own(['Ctrl+Shift+Tab'], ['Alt+PgUp']), run: () => tabs.step(-1) },
    // Alt+letter of the menu bar; not shown anywhere but under the menus' names
    ...menus().map((menu) => ({ id: `menu:${menu.id}`, label: menu.label, shortcut: `Alt+${menu.key}`, run: () => document.getElementById(`menu-${menu.id}`)?.click() })),
  ]
}

