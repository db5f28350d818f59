/** English for every t('中文') in the program; src/locale/locale.spec.ts finds what is missing. */
import { attach } from './attach'
import { documents } from './documents'
import { engine } from './engine'
import { flaws } from './flaws'
import { frame } from './frame'
import { importing } from './import'
import { merge } from './merge'
import { print } from './print'
import { roles } from './roles'
import { settings } from './settings'
import { sync } from './sync'

export const en: Record<string, string> = { ...attach, ...documents, ...engine, ...flaws, ...frame, ...importing, ...merge, ...print, ...roles, ...settings, ...sync }
