/** The files of one record: read, added, opened, saved, taken away. */
import { onUnmounted, reactive, ref, shallowRef } from 'vue'
import { onServerEvent } from '@/api/events'
import { t } from '@/locale'
import { showProblem } from '@/ui/problem'
import { toast, toastError } from '@/ui/toast'
import { files, type FileInfo, type RemovedFile } from './calls'
import { isHere, isMisnamed, isMoving, isPicture, isShown, pastedName, sizeWords, stateWords } from './model'

const WATCH_MS = 700

export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type
export function useFiles(module: string, record: string) {
  const items = shallowRef<FileInfo[]>([])
  const earlier = ref(0)
  const removed = shallowRef<RemovedFile[]>([])
  const mayAttach = ref(false)
  const bytesMax = ref(0)
  const error = shallowRef<unknown>(null)
  const loaded = ref(false)
  /** names of what is being added just now */
  const adding = ref<string[]>([])
  const small = reactive(new Map<string, string>())
  const shown = shallowRef<FileInfo | null>(null)
  /** what somebody wants to see or save and what has to come first */
  let waiting: { id: string; then: (file: FileInfo) => void } | null = null
  let timer = 0
  let asked = 0
  let gone = false

  async function load(): Promise<void> {
    window.clearTimeout(timer)
    const mine = ++asked
    try {
      const got = await files.list(module, record)
      if (gone || mine !== asked) return // a later question has its own answer
      items.value = got.items
      earlier.value = got.earlier
      removed.value = got.removed
      mayAttach.value = got.may_attach
      bytesMax.value = got.bytes_max
      error.value = null
      loaded.value = true
      void showSmall()
      goOn()
      if (got.items.some(isMoving)) timer = window.setTimeout(() => void load(), WATCH_MS)
    } catch (thrown) {
      if (mine === asked) error.value = thrown
    }
  }
  async function showSmall(): Promise<void> {
    for (const file of items.value.filter((one) => isPicture(one) && isHere(one) && !small.has(one.id))) {
      const made = await files.thumbnail(file.id).catch(() => null)
      if (gone) return
      small.set(file.id, made ? URL.createObjectURL(made.blob) : '')
    }
  }

  async function add(chosen: Iterable<File>, pasted = false): Promise<void> {
    for (const file of chosen) {
      const name = pasted && /^image\.\w+$/.test(file.name) ? pastedName(file.type) : file.name
      if (file.size > bytesMax.value) {
        toastError(t('「{name}」有 {size}，附件最大 {max}。请压缩或分成几个文件。', { name, size: sizeWords(file.size), max: sizeWords(bytesMax.value) }))
        continue
      }
      adding.value = [...adding.value, name]
      try {
        const made = await files.attach(module, record, file, name)
        if (isMisnamed(made)) toast(t('「{name}」已附上，但内容不是图片，不能预览。请看看选的是不是这个文件。', { name }))
      } catch (thrown) {
        showProblem(thrown)
      } finally {
        adding.value = adding.value.filter((one) => one !== name)
      }
      await load()
    }
  }

  /** Does something with a content, which first has to come from the server where it is not here. */
  async function withContent(file: FileInfo, then: (file: FileInfo) => void): Promise<void> {
    if (isHere(file)) return then(file)
    try {
      await files.fetch(file.id)
    } catch (thrown) {
      return showProblem(thrown)
    }
    waiting = { id: file.id, then } // only now: what was listed before says nothing of this fetch
    await load()
  }
  function goOn(): void {
    const wish = waiting
    const file = wish && items.value.find((one) => one.id === wish.id)
    if (!wish || !file || file.state.state === 'fetching') return
    waiting = null
    if (isHere(file)) wish.then(file)
    else if (file.state.state === 'missing') toastError(t('「{name}」现在下载不了：{why}', { name: file.file_name, why: stateWords(file) }))
    else toast(t('现在连不上服务器，连上后会自动下载「{name}」。', { name: file.file_name }))
  }
  function open(file: FileInfo): void {
    void withContent(file, (one) => { if (isShown(one)) shown.value = one; else void save(one) })
  }
  async function save(file: FileInfo): Promise<void> {
    if (!isHere(file)) return withContent(file, (one) => void save(one))
    try {
      const answer = await files.save(file.id)
      if (answer.path) toast(t('已存到 {path}', { path: answer.path }))
      else if (answer.download) saveBlob((await files.content(file.id)).blob, answer.download)
    } catch (thrown) {
      showProblem(thrown)
    }
  }
  async function lead(file: FileInfo): Promise<void> {
    try {
      await files.lead(file.id)
      toast(t('「{name}」是主图了。', { name: file.file_name }))
    } catch (thrown) {
      showProblem(thrown)
    }
    await load()
  }
  /** what it stands for on papers, or (`image`) for nothing more */
  async function assign(file: FileInfo, role: string, words: string): Promise<void> {
    try {
      await files.assign(file.id, role)
      toast(words)
    } catch (thrown) {
      showProblem(thrown)
    }
    await load()
  }
  async function remove(file: FileInfo): Promise<void> {
    try {
      await files.remove(file.id)
      toast(t('已删除附件「{name}」。', { name: file.file_name }), { label: t('撤销'), run: () => bringBack(file) })
    } catch (thrown) {
      showProblem(thrown)
    }
    await load()
  }
  async function bringBack(file: { id: string }): Promise<void> {
    try {
      await files.restore(file.id)
    } catch (thrown) {
      showProblem(thrown)
    }
    await load()
  }

  const drop = onServerEvent('changed', (event) => {
    if (event.module !== module || (event.ids.length && !event.ids.includes(record))) return
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void load(), 200)
  })
  onUnmounted(() => {
    gone = true
    drop()
    window.clearTimeout(timer)
    small.forEach((url) => { if (url) URL.revokeObjectURL(url) })
  })
  return { items, earlier, removed, mayAttach, error, loaded, adding, small, shown, load, add, open, save, lead, assign, remove, bringBack }
}
