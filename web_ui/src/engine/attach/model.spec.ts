import { describe, expect, it } from 'vitest'
import type { FileInfo, FileState } from './calls'
import { endingOf, isHere, isMisnamed, isMoving, isPicture, isShown, mainPicture, pastedName, sizeWords, stateWords } from './model'

const file = (state: FileState, mime = 'image/png'): FileInfo => ({ id: '1', file_name: 'a.png', size: 1, mime, role: 'image', at: '', by: '', machine: 'A2', state: { state, words: '', done: null } })

describe('files of a record', () => {
  it('says sizes as people read them', () => {
    expect([900, 1024, 15_000, 1_023_999, 1_300_000, 52_428_800].map(sizeWords)).toEqual(['900 字节', '1.0 KB', '15 KB', '1000 KB', '1.2 MB', '50.0 MB'])
  })
  it('is stood for by the picture that was attached first', () => {
    const later = { ...file('here'), id: '2', at: '2026-11-26T02:00:00Z' }
    const paper = { ...file('here', 'application/pdf'), id: '3', at: '2026-11-26T01:00:00Z' }
    const first = { ...file('here'), id: '4', at: '2026-11-26T01:30:00Z' }
    expect(mainPicture([later, paper, first])?.id).toBe('4')
    expect(mainPicture([paper])).toBeUndefined()
    expect(mainPicture([{ ...later, main_at: '2026-11-27T01:00:00Z' }, first])?.id).toBe('2')
    expect(mainPicture([{ ...later, main_at: '2026-11-27T01:00:00Z' }, { ...first, main_at: '2026-11-27T02:00:00Z' }])?.id).toBe('4')
  })
  it('says where the content is', () => {
    expect((['here', 'local', 'uploading', 'available', 'fetching', 'missing'] as const).map((state) => stateWords(file(state)))).toEqual(['', '仅在本机', '正在上传', '可下载', '正在下载', '来源缺失（在设备 A2 上）'])
    expect(isHere(file('local')) && !isHere(file('available')) && isMoving(file('fetching'))).toBe(true)
  })
  it('shows only what cannot hold a script', () => {
    expect(isPicture(file('here')) && !isPicture(file('here', 'image/svg+xml')) && !isPicture(file('here', 'text/html'))).toBe(true)
    expect(isShown(file('here', 'application/pdf')) && !isShown(file('here', 'text/html'))).toBe(true)
  })
  it('says of what is called a picture and is none that it is none', () => {
    const named = (file_name: string, mime: string): boolean => isMisnamed({ ...file('here', mime), file_name })
    expect(['门头.PNG', 'a.jpeg', 'b.webp'].map((name) => named(name, 'application/octet-stream'))).toEqual([true, true, true])
    expect([named('a.png', 'image/png'), named('a.png', 'image/jpeg'), named('a.txt', 'text/plain'), named('png', 'text/plain')]).toEqual([false, false, false, false])
  })
  it('names what was pasted by the moment', () => {
    expect(pastedName('image/jpeg', new Date(2026, 10, 25, 9, 5, 7))).toBe('粘贴的图片 2026-11-25 090507.jpg')
  })
  it('knows the ending', () => {
    expect([endingOf('合同.pdf'), endingOf('无'), endingOf('.gitignore'), endingOf('a.verylongending')]).toEqual(['PDF', '', '', ''])
  })
})
