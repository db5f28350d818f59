/**
 * The right-click menu of text fields. The window's web views show none of their own (WebView2 and Qt have it off);
 * a plain browser keeps its menu.
 */
import { ClipboardPaste, Copy, Scissors, TextSelect } from '@lucide/vue'
import type { Command } from '@/composables/useCommands'
import { t } from '@/locale'
import { useSession } from '@/stores/session'
import { openMenu } from '@/ui/menu'
import { toast } from '@/ui/toast'

type TextField = HTMLInputElement | HTMLTextAreaElement
function textField(target: EventTarget | null): TextField | null {
  if (target instanceof HTMLTextAreaElement) return target
  return target instanceof HTMLInputElement && /^(text|search|tel|url|email|password|number)$/.test(target.type) ? target : null
}

function commandsFor(field: TextField): (Command | '-')[] {
  const chosen = field.selectionStart !== field.selectionEnd
  const secret = field instanceof HTMLInputElement && field.type === 'password'
  const edit = (what: string): void => { field.focus(); document.execCommand(what) }
  return [
    { id: 'text.cut', label: t('剪切'), icon: Scissors, shortcut: 'Ctrl+X', enabled: () => chosen && !secret && !field.readOnly, run: () => edit('cut') },
    { id: 'text.copy', label: t('复制'), icon: Copy, shortcut: 'Ctrl+C', enabled: () => chosen && !secret, run: () => edit('copy') },
    {
      id: 'text.paste', label: t('粘贴'), icon: ClipboardPaste, shortcut: 'Ctrl+V', enabled: () => !field.readOnly && !field.disabled,
      run: async () => {
        try {
          const text = await navigator.clipboard.readText()
          field.focus()
          document.execCommand('insertText', false, text)
        } catch {
          field.focus()
          toast(t('这里不能代为粘贴，请按 Ctrl V。'))
        }
      },
    },
    '-',
    { id: 'text.all', label: t('全选'), icon: TextSelect, shortcut: 'Ctrl+A', enabled: () => !!field.value, run: () => { field.focus(); field.select() } },
  ]
}

export function startTextMenu(): void {
  window.addEventListener('contextmenu', (event) => {
    if (event.defaultPrevented || useSession().session?.mode !== 'window') return
    const field = textField(event.target)
    if (!field) return
    field.focus()
    void openMenu(event, commandsFor(field), { label: t('编辑') })
  })
}
