import { expect, it } from 'vitest'
import type { Chapter, ModuleInfo } from '@/api/types'
import { chapterEntries } from './menus'

const module = (name: string): ModuleInfo => ({ name, label: name, icon: 'x' }) as ModuleInfo
const words = (chapter: Chapter, names: string[]): string[] =>
  chapterEntries(chapter, names.map(module)).map((entry) => (typeof entry === 'string' ? entry : 'heading' in entry ? `# ${entry.heading}` : String(entry.label)))

it('a long menu stands under its headings, as far as a person may see what is below them', () => {
  const chapter = { name: 'c', label: 'C', icon: 'x', sections: [{ label: '进', modules: ['a', 'b'] }, { label: '销', modules: ['d'] }, { label: '账', modules: ['e'] }] }
  expect(words(chapter, ['e', 'b', 'a'])).toEqual(['# 进', 'a', 'b', '# 账', 'e'])
  expect(words({ name: 'c', label: 'C', icon: 'x' }, ['b', 'a'])).toEqual(['b', 'a'])
})
