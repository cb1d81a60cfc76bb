// Numbers whose partial sums are at hand: draws an index in proportion to its number in logarithmic time.

/// The sum tree of Schaul et al. (ICLR 2016, appendix B.2.1): leaves hold what is drawn by, every inner node the sum of
/// its two children. A parent is always computed anew from its children, so errors of rounding do not pile up. Nothing is
/// allocated after `init`.
package final class SumTree {
    package let capacity: Int
    /// Leaves, a power of two.
    private let leaves: Int
    /// Node 1 is the root, node n has the children 2n and 2n + 1; node 0 is not used.
    private let nodes: UnsafeMutablePointer<Double>

    /// All zeros.
    package init(capacity: Int) {
        precondition(capacity > 0, "a sum tree needs a leaf")
        self.capacity = capacity
        var leaves = 1
        while leaves < capacity { leaves *= 2 }
        self.leaves = leaves
        nodes = .allocate(capacity: 2 * leaves)
        nodes.initialize(repeating: 0, count: 2 * leaves)
    }

    deinit { nodes.deallocate() }

    /// The sum of all leaves.
    package var total: Double { nodes[1] }

    package subscript(index: Int) -> Double {
        get { nodes[leaves + index] }
        set {
            var node = leaves + index
            nodes[node] = newValue
            while node > 1 {
                node /= 2
                nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
            }
        }
    }

    /// The index i whose share of the total holds `mass`: the sum of the leaves before i is at most `mass`, and together
    /// with leaf i above it. Never a leaf of zero, whatever rounding does, as long as the total is above zero.
    package func index(at mass: Double) -> Int {
        var left = mass
        var node = 1
        while node < leaves {
            let child = 2 * node
            // Rounding may leave a little more than the rest of the tree holds.
            if left < nodes[child] || nodes[child + 1] <= 0 {
                node = child
            } else {
                left -= nodes[child]
                node = child + 1
            }
        }
        return node - leaves
    }
}
