// Where a curve of rising costs stops paying.

extension Statistics {
    /// The knee of a rising curve: the point farthest above the chord from the first point to the last (Kneedle without
    /// smoothing: Satopää, Albrecht, Irwin and Raghavan, "Finding a 'kneedle' in a haystack", 2011), the first of equals.
    ///
    /// What is judged is the best value up to each point, so that a point worse than one before it is no knee. Nil where
    /// the curve does not rise or has fewer than three points.
    ///
    /// - Parameters:
    ///   - places: ascending.
    ///   - values: one a place, finite.
    public static func knee(_ places: [Double], _ values: [Double]) -> Int? {
        precondition(places.count == values.count, "a value a place")
        guard places.count >= 3, let first = places.first, let last = places.last, last > first else { return nil }
        var best = values
        for index in best.indices.dropFirst() { best[index] = max(best[index], best[index - 1]) }
        guard let low = best.first, let high = best.last, high > low else { return nil }
        var knee = 0
        var most = -Double.infinity
        for index in places.indices {
            let height = (best[index] - low) / (high - low) - (places[index] - first) / (last - first)
            if height > most + 1e-12 {
                most = height
                knee = index
            }
        }
        return knee
    }
}
