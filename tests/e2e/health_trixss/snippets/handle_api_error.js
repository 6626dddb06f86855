function handleApiError(error) {
  if (error.response) {
    switch (error.response.status) {
      case 401:
        // Invalid API key - check credentials
        console.error('Authentication failed');
        break;
      case 404:
        // Resource not found - may have been deleted
        console.warn('Resource not found');
        break;
      case 429:
        // Rate limited - implement backoff
        console.warn('Rate limit exceeded');
        break;
      case 500:
        // Server error - retry with exponential backoff
        console.error('Server error');
        break;
    }
  }
}
