// How alike two samples of one population look by chance, so that a small group is not blamed for being small.

import Numerics

/// Mean column shapes of pairs of samples, both drawn with replacement from the same real rows.
struct ChanceShapes {
    /// Draws for every group: its mean is known to a tenth of its standard deviation.
    static let replications = 100

    /// Rows × columns: the place of each value among the column's own, −1 for a missing one, which counts nowhere.
    private let codes: [Int32]
    private let rows: Int
    private let columns: Int
    /// Where each column's counts begin, and the number of all.
    private let starts: [Int]
    private let isNumeric: [Bool]

    /// - Parameter excluding: the column that tells the group.
    init(_ table: PatientTable, excluding: Int) {
        let measured = table.columns.indices.filter { $0 != excluding }
        rows = table.rowCount
        columns = measured.count
        var codes = [Int32](repeating: -1, count: rows * measured.count)
        var starts = [0]
        for (place, index) in measured.enumerated() {
            let column = table.columns[index]
            if column.isNumeric {
                let distinct = Set(column.values.filter { !$0.isNaN }).sorted()
                for row in 0..<rows where !column.values[row].isNaN {
                    codes[row * columns + place] = Int32(QuantileMap.lowerBound(distinct, column.values[row]))
                }
                starts.append(starts[place] + distinct.count)
            } else {
                for row in 0..<rows where !column.values[row].isNaN {
                    codes[row * columns + place] = Int32(column.values[row])
                }
                starts.append(starts[place] + column.categories.count)
            }
        }
        self.codes = codes
        self.starts = starts
        isNumeric = measured.map { table.columns[$0].isNumeric }
    }

    /// Mean and standard deviation over draws of two samples of these sizes.
    func scores(_ first: Int, _ second: Int, stream: RandomStream) -> (mean: Double, deviation: Double) {
        guard columns > 0, rows > 0 else { return (1, 0) }
        var stream = stream
        var counts = [[Int32](repeating: 0, count: starts[columns]), [Int32](repeating: 0, count: starts[columns])]
        let scores = (0..<ChanceShapes.replications).map { _ -> Double in
            for (sample, size) in [first, second].enumerated() {
                for place in counts[sample].indices { counts[sample][place] = 0 }
                for _ in 0..<size {
                    let row = stream.below(rows) * columns
                    for column in 0..<columns where codes[row + column] >= 0 {
                        counts[sample][starts[column] + Int(codes[row + column])] += 1
                    }
                }
            }
            return score(counts[0], counts[1])
        }
        return (Statistics.mean(scores), Statistics.variance(scores).squareRoot())
    }

    private func score(_ a: [Int32], _ b: [Int32]) -> Double {
        var sum = 0.0
        for column in 0..<columns {
            let range = starts[column]..<starts[column + 1]
            var (totalA, totalB) = (0, 0)
            for place in range {
                totalA += Int(a[place])
                totalB += Int(b[place])
            }
            guard totalA > 0, totalB > 0 else {
                sum += totalA == totalB ? 1 : 0
                continue
            }
            let (shareA, shareB) = (1 / Double(totalA), 1 / Double(totalB))
            var (largest, apart, lead) = (0.0, 0.0, 0.0)
            for place in range {
                let difference = Double(a[place]) * shareA - Double(b[place]) * shareB
                lead += difference
                largest = max(largest, abs(lead))
                apart += abs(difference)
            }
            sum += 1 - (isNumeric[column] ? largest : apart / 2)
        }
        return sum / Double(columns)
    }
}
