/** Icons that declarations name (module.icon, chapter.icon). One icon = one meaning (design system §4). */
import {
  Archive, ArrowLeftRight, ArrowRightLeft, BadgeCheck, Banknote, Bookmark, BookMarked, BookOpen, Boxes, Building, Building2, Calculator, CalendarCheck, CalendarClock, ChartColumn, ClipboardCheck, ClipboardList, Contact, CreditCard, Factory, FileChartColumn, FilePenLine,
  FileText, Flag, Folder, FolderTree, Gift, Handshake, Headphones, History, House, IdCard, KeyRound, Landmark, LayoutGrid, List, ListChecks, ListOrdered, Map, MapPin, MapPinned, Megaphone, MessageSquare, Monitor, Network, Package, PackageOpen, PackagePlus, PackageSearch,
  Percent, Phone, Receipt, Scale, ScrollText, Settings, Shield, ShoppingCart, Star, Swords, Tag, Target, Ticket, Truck, UserCog, UserRound, Users, Wallet, Warehouse,
} from '@lucide/vue'
import type { Component } from 'vue'

const byName: Record<string, Component> = {
  archive: Archive, bookmark: Bookmark, 'book-marked': BookMarked, 'calendar-clock': CalendarClock, 'id-card': IdCard, 'key-round': KeyRound, map: Map, 'map-pinned': MapPinned, monitor: Monitor, 'badge-check': BadgeCheck, banknote: Banknote, 'book-open': BookOpen, building: Building, 'building-2': Building2, calculator: Calculator, 'calendar-check': CalendarCheck,
  'chart-column': ChartColumn, 'clipboard-check': ClipboardCheck, 'clipboard-list': ClipboardList, contact: Contact, 'contact-round': Contact, 'credit-card': CreditCard, factory: Factory,
  'file-chart-column': FileChartColumn, 'file-text': FileText, folder: Folder, 'folder-tree': FolderTree, gift: Gift, handshake: Handshake, headphones: Headphones, history: History, house: House,
  landmark: Landmark, 'layout-grid': LayoutGrid, list: List, 'list-checks': ListChecks, 'map-pin': MapPin, megaphone: Megaphone, 'message-square': MessageSquare, network: Network, package: Package,
  'package-search': PackageSearch, percent: Percent, phone: Phone, receipt: Receipt, 'scroll-text': ScrollText, settings: Settings, shield: Shield, 'shopping-cart': ShoppingCart, star: Star,
  'arrow-left-right': ArrowLeftRight, 'arrow-right-left': ArrowRightLeft, boxes: Boxes, 'file-pen-line': FilePenLine, flag: Flag, 'list-ordered': ListOrdered, 'package-open': PackageOpen,
  'package-plus': PackagePlus, scale: Scale,
  swords: Swords, tag: Tag, target: Target, ticket: Ticket, truck: Truck, 'user-cog': UserCog, 'user-round': UserRound, user: UserRound, users: Users, wallet: Wallet, warehouse: Warehouse,
}

export function iconOf(name: string | undefined): Component {
  return byName[name ?? ''] ?? FileText
}
