// Where the nodes of a flowchart stand: the root at the left, every leaf in a row of its own, every split half-way
// between its children (Reingold and Tilford's rules, "Tidier drawings of trees", IEEE TSE 7 (1981), with leaves
// aligned so that they can be the rows of a table).

import Trees

/// Places in units of levels and rows.
struct TreeLayout {
    /// The level of each node, 0 for the root; leaves stand beyond the last level.
    let level: [Int]
    /// The row of each node; whole numbers for leaves.
    let row: [Double]
    let levels: Int
    let rows: Int

    init(_ tree: DecisionTree) {
        level = tree.depths
        levels = tree.depth
        var row = Array(repeating: 0.0, count: tree.nodeCount)
        var next = 0
        for node in 0..<tree.nodeCount where tree.isLeaf(node) {
            row[node] = Double(next)
            next += 1
        }
        // Children follow their parent in preorder.
        for node in (0..<tree.nodeCount).reversed() {
            if case .split(_, _, _, let left, let right) = tree.node(node) { row[node] = (row[left] + row[right]) / 2 }
        }
        self.row = row
        rows = next
    }
}
