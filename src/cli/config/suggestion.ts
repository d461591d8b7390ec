/**
 * Which of the names somebody meant who wrote another.
 */

/** The nearest of the names, where it is near enough to be a slip. */
export const nearest = (name: string, names: ReadonlyArray<string>): string | undefined => {
  const [best] = names
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  const slips = Math.max(1, Math.floor(name.length / 3))
  // Of a name of one letter nothing is left after one slip.
  return best !== undefined && best.distance <= slips && best.distance < name.length ? best.candidate : undefined
}

/** "; did you mean …?", or which there are. */
export const suggest = (name: string, names: ReadonlyArray<string>): string => {
  const meant = nearest(name, names)
  return meant !== undefined
    ? `did you mean "${meant}"?`
    : names.length === 0
    ? "there is none"
    : `there are: ${names.join(", ")}`
}

// Levenshtein, with two neighbours exchanged counted as one slip.
const distance = (a: string, b: string): number => {
  const rows: Array<Array<number>> = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
        ? rows[i - 2]![j - 2]! + 1
        : replaced
      row.push(Math.min(replaced, exchanged, row[j - 1]! + 1, rows[i - 1]![j]! + 1))
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
