import { expect, it } from 'vitest'
import { noneWords } from './none'

it('says to whom may not see all that there are none for him', () => {
  expect([noneWords({ noun: '联系人' }), noneWords({ noun: '联系人', narrowed: false }), noneWords({ noun: '联系人', narrowed: true })]).toEqual(['还没有联系人', '还没有联系人', '没有您能看到的联系人'])
})
