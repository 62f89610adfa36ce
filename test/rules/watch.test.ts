import { appendFile, mkdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { watchFiles } from '../../src/rules/watch.ts'
import { until } from '../fixtures/stack.ts'

// Real files, as what is looked at is the file system's own word.

const EVERY_MS = 40

function watch(t: Test, paths: readonly string[], everyMs = EVERY_MS) {
  const seen = { changes: 0 }
  const end = watchFiles(paths, { everyMs, onChange: () => (seen.changes += 1) })
  t.teardown(end)
  return { seen, end }
}

/** So long that whatever was to be seen has been. */
function rest(): Promise<void> {
  return sleep(EVERY_MS * 5)
}

t.test('each way in which a file is replaced is seen', async (t) => {
  const ways: readonly {
    readonly name: string
    readonly files: Parameters<Test['testdir']>[0]
    readonly change: (folder: string) => Promise<unknown>
  }[] = [
    {
      name: 'an editor that writes into the file',
      files: { 'rules.yaml': 'one' },
      change: (folder) => writeFile(`${folder}/rules.yaml`, 'other')
    },
    {
      name: 'an editor that puts another file in its place',
      files: { 'rules.yaml': 'one', 'rules.yaml~': 'two' },
      change: (folder) => rename(`${folder}/rules.yaml~`, `${folder}/rules.yaml`)
    },
    {
      name: 'Kubernetes, which turns a symbolic link to a folder',
      files: {
        '..2026_11_25': { 'rules.yaml': 'one' },
        '..2026_11_26': { 'rules.yaml': 'two' },
        '..data': t.fixture('symlink', '..2026_11_25'),
        'rules.yaml': t.fixture('symlink', '..data/rules.yaml')
      },
      change: async (folder) => {
        await symlink('..2026_11_26', `${folder}/..data_tmp`)
        await rename(`${folder}/..data_tmp`, `${folder}/..data`)
      }
    },
    {
      name: 'as many bytes as before, with the time of before',
      files: { 'rules.yaml': 'one' },
      change: async (folder) => {
        const { atime, mtime } = await stat(`${folder}/rules.yaml`)
        await writeFile(`${folder}/rules.yaml`, 'two')
        await utimes(`${folder}/rules.yaml`, atime, mtime)
      }
    },
    {
      name: 'a file that goes',
      files: { 'rules.yaml': 'one' },
      change: (folder) => rm(`${folder}/rules.yaml`)
    },
    {
      name: 'a file that comes, with its folder',
      files: {},
      change: async (folder) => {
        await mkdir(`${folder}/later`)
        await writeFile(`${folder}/later/rules.yaml`, 'one')
      }
    }
  ]
  for (const { name, files, change } of ways) {
    await t.test(name, async (t) => {
      const folder = t.testdir(files)
      const path = `${folder}/${files !== undefined && Object.keys(files).length === 0 ? 'later/' : ''}rules.yaml`
      const { seen } = watch(t, [path])
      await until(() => seen.changes === 1)
      await rest()
      const before = seen.changes
      t.equal(before, 1, 'nothing is told of a file that rests')
      await change(folder)
      await until(() => seen.changes > before)
      await rest()
      // Twice, where the machine paused between the emptying of a file and its filling.
      t.ok(seen.changes <= before + 2, 'and then no more')
    })
  }
})

t.test('it begins with a change, as nobody knows what was before', async (t) => {
  const { seen } = watch(t, [`${t.testdir({ rules: 'one' })}/rules`])
  await until(() => seen.changes === 1)
  await rest()
  t.equal(seen.changes, 1)
})

t.test('of several files each is seen, and changes of several at once are told of once', async (t) => {
  const folder = t.testdir({ live: 'one', candidate: 'one' })
  const paths = [`${folder}/live`, `${folder}/candidate`]
  const { seen } = watch(t, paths, 200)
  await until(() => seen.changes === 1)
  for (const path of paths) {
    const before = seen.changes
    await writeFile(path, `two, of ${path}`)
    await until(() => seen.changes > before)
  }
  await sleep(600)
  const before = seen.changes
  await Promise.all(paths.map((path) => writeFile(path, `three, of ${path}`)))
  await until(() => seen.changes > before)
  await sleep(600)
  // Twice, where one had been looked at just before and the other had not.
  t.ok(seen.changes <= before + 2, `${seen.changes - before} times`)
})

t.test('of fifty writes in a row few are told, and the last is there when the last is told', async (t) => {
  const path = `${t.testdir({ rules: '0' })}/rules`
  const read: Promise<string>[] = []
  t.teardown(watchFiles([path], { everyMs: EVERY_MS, onChange: () => read.push(readFile(path, 'utf8')) }))
  await rest()
  await until(() => read.length > 0)
  read.length = 0
  const sinceMs = performance.now()
  for (let i = 1; i <= 50; i++) await writeFile(path, `${i}`)
  const most = Math.ceil((performance.now() - sinceMs) / EVERY_MS) + 2
  await until(() => read.length > 0)
  await rest()
  t.ok(read.length <= most, `told ${read.length} times, where there were ${most} looks`)
  t.equal(await read.at(-1), '50')
})

t.test('a file that is written in pieces is told of when it is whole', async (t) => {
  const path = `${t.testdir({ rules: 'old' })}/rules`
  const everyMs = 400
  const read: Promise<string>[] = []
  t.teardown(watchFiles([path], { everyMs, onChange: () => read.push(readFile(path, 'utf8')) }))
  await until(() => read.length > 0)
  read.length = 0
  const pieces = 120
  let longestPauseMs = 0
  await writeFile(path, '')
  for (let i = 0; i < pieces; i++) {
    const atMs = performance.now()
    await appendFile(path, 'piece ')
    await sleep(5)
    longestPauseMs = Math.max(longestPauseMs, performance.now() - atMs)
  }
  await until(() => read.length > 0)
  await sleep(everyMs * 2)
  const told = (await Promise.all(read)).map((text) => text.split(' ').length - 1)
  t.equal(told.at(-1), pieces)
  // A machine that has so much to do that the writer came to rest proves nothing.
  if (longestPauseMs < everyMs / 8) t.same(told, [pieces], 'and not before')
  else t.comment(`the writer paused for ${Math.round(longestPauseMs)} ms`)
})

t.test('a file that never rests is read all the same', async (t) => {
  const path = `${t.testdir({ rules: 'old' })}/rules`
  const { seen } = watch(t, [path])
  await until(() => seen.changes === 1)
  let writes = 0
  // The writer has no rest, and ends when it is told of itself.
  while (seen.changes === 1 && writes < 50_000) await writeFile(path, `${(writes += 1)}`)
  t.equal(seen.changes, 2, `told after ${writes} writes`)
})

t.test('after its end nothing is told, not even of what was seen before', async (t) => {
  const path = `${t.testdir({ rules: 'old' })}/rules`
  const everyMs = 400
  const { seen, end } = watch(t, [path], everyMs)
  await sleep(everyMs)
  // It was looked at by then, and has had no rest since.
  for (const untilMs = performance.now() + everyMs * 2; performance.now() < untilMs; await sleep(5)) {
    await appendFile(path, 'more ')
  }
  end()
  const before = seen.changes
  await sleep(everyMs * 2)
  t.equal(seen.changes, before)
})
