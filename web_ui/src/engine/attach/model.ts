/** What the screens say about files. Pure. */
import { wallNow } from '@/composables/wall'
import { t } from '@/locale'
import type { FileInfo } from './calls'

const SHOWN = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp']

/** 1.2 MB, as people read sizes */
export function sizeWords(bytes: number): string {
  if (bytes < 1024) return t('{n} 字节', { n: bytes })
  const kilo = bytes / 1024
  if (kilo < 1000) return `${kilo < 10 ? kilo.toFixed(1) : Math.round(kilo)} KB`
  return `${(kilo / 1024).toFixed(1)} MB`
}

export function isPicture(file: FileInfo): boolean {
  return SHOWN.includes(file.mime)
}

/** called a picture, but its content is none that can be read */
export function isMisnamed(file: FileInfo): boolean {
  return /\.(png|jpe?g|gif|webp|bmp)$/i.test(file.file_name) && !isPicture(file)
}

/** what stands for the record: the picture that was chosen last, else the one that was attached first */
export function mainPicture(files: FileInfo[]): FileInfo | undefined {
  return files.filter(isPicture).sort((a, b) => (b.main_at ?? '').localeCompare(a.main_at ?? '') || a.at.localeCompare(b.at))[0]
}

/** whether it can be looked at here; everything else is saved and opened by other programs */
export function isShown(file: FileInfo): boolean {
  return isPicture(file) || file.mime === 'application/pdf'
}

/** whether the content lies on this machine */
export function isHere(file: FileInfo): boolean {
  return ['here', 'local', 'uploading'].includes(file.state.state)
}

export function isMoving(file: FileInfo): boolean {
  return file.state.state === 'fetching' || file.state.state === 'uploading'
}

export function stateWords(file: FileInfo): string {
  switch (file.state.state) {
    case 'here': return ''
    case 'local': return t('仅在本机')
    case 'uploading': return t('正在上传')
    case 'available': return t('可下载')
    case 'fetching': return t('正在下载')
    case 'missing': return t('来源缺失（在设备 {machine} 上）', { machine: file.machine ?? '' })
  }
}

/** the colour of the dot beside the words */
export function stateTone(file: FileInfo): 'quiet' | 'look' | 'good' {
  return file.state.state === 'missing' ? 'look' : file.state.state === 'local' || file.state.state === 'available' ? 'quiet' : 'good'
}

/** what was pasted has no name of its own worth keeping */
export function pastedName(type: string, now = wallNow()): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  return `${t('粘贴的图片')} ${day} ${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}.${type === 'image/jpeg' ? 'jpg' : (type.split('/')[1] ?? 'png')}`
}

/** the ending, shown where there is no picture */
export function endingOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 && name.length - dot <= 6 ? name.slice(dot + 1).toUpperCase() : ''
}
