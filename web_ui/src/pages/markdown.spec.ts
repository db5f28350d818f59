import { describe, expect, it } from 'vitest'
import { renderMarkdown, topicOf } from './markdown'

describe('pages of the manual', () => {
  it('never become live HTML', () => {
    const html = renderMarkdown('<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n![x](http://evil/x.png)')
    expect(html).not.toMatch(/<script|<img/)
  })
  it('link to other pages only', () => {
    expect(renderMarkdown('[联系人](contact.md)')).toContain('href="contact.md"')
    expect(renderMarkdown('[x](javascript:alert(1)) [y](http://evil)')).not.toContain('<a')
    expect(topicOf('contact.md#add')).toBe('contact')
  })
})
